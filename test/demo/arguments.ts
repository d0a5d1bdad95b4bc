import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Arguments {
  /** Leave everything running afterwards. */
  readonly keep: boolean
  /** Lines instead of a picture, also in a terminal. */
  readonly plain: boolean
  readonly help: boolean
}

/** @throws TypeError that names what is not understood */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: 'boolean', default: false },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return values
}

export const help = `Watch certificates travel from Kubernetes to Tencent Cloud, and their ids
come back.

  npm run demo [-- options]

  --keep     leave everything running until Ctrl-C, and say what to try
  --plain    lines instead of a live table (as where there is no terminal)
  --help     this text

What runs, all of it on 127.0.0.1 and gone at the end:

  etcd and kube-apiserver     Real ones, in a temporary folder. The first start
                              downloads or builds them.
  a simulated Tencent Cloud   The SSL Certificate service over HTTP. It verifies
                              signatures, parses what it gets, and takes 300 ms
                              for a call. Ten uploads a second are allowed.
  the operator                The production bundle as a process of its own,
                              with the rights that the chart gives it.

What happens:

  1  First sync   34 Secrets: RSA and ECDSA keys, a CA, two with the same
                  certificate, one that nobody opted in, and some that cannot be
                  uploaded: expired, encrypted, with another's key, ...
  2  Renewal      New certificates get new ids, the ids before are remembered,
                  and mistakes are put right.
  3  Killed       SIGKILL between an upload and its answer. After the restart
                  the operator finds what the cloud had stored.
  4  Restarted    With everything synced nothing is called and nothing written.

After each act the promises of the operator are held against the world: the
annotations in the API server, what the cloud holds, every call it has seen, and
the API server's audit log. Exit code 1 if one of them is broken.

How to read a row: phase, reason and id are annotations on the Secret
(status.tencent-cert-sync.io/phase, /reason and /certificate-id). The latency is
the time from the write of the Secret until a watcher could read the outcome.
New ids of an act stand out in a terminal with colours; NO_COLOR is respected.

With --keep, in another terminal: kubectl on the Secrets and their Events, the
control port of the simulator (see its calls, make it fail), the metrics and the
log of the operator.
`
