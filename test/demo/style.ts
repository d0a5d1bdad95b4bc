import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colours for a terminal; elsewhere, and with NO_COLOR, the plain text. */
function paint(format: Format): (text: string) => string {
  return (text) => styleText(format, text)
}

export const bold = paint('bold')
export const dim = paint('dim')
export const red = paint('red')
export const green = paint('green')
export const yellow = paint('yellow')
export const cyan = paint(['bold', 'cyan'])
