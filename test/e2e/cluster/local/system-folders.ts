/** Where Debian has programs for root alone. `su` and cron leave them out of PATH. */
const folders = ['/usr/sbin', '/sbin']

/** PATH with them: iptables is then found by us and by every program that we start. */
export function withSystemFolders(path = ''): string {
  const there = path.split(':').filter((folder) => folder !== '')
  return [...there, ...folders.filter((folder) => !there.includes(folder))].join(':')
}
