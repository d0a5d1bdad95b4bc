/** The lines of a table of cli-table3 that has none, and `gap` between its columns. */
export function borderless(gap: string) {
  return {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: gap,
  }
}

/** Neither colours of the library's own nor blanks around the cells. */
export const plainStyle = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 }
