/** This machine in Go's words, as archives and cache folders are named ("linux-amd64"). */
export function platform(): { os: string; arch: string } {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  return { os, arch }
}
