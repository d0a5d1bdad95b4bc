/** Programs that are built together from one Go module of this repository. */
export interface GoProgramSet<Name extends string = string> {
  /** Names the folder in the cache. */
  readonly name: string
  /** What people read: "helm 3.22.0". */
  readonly title: string
  /** The folder with go.mod and go.sum, which pin everything. */
  readonly module: string
  /** The import path of every program. */
  readonly programs: Readonly<Record<Name, string>>
  /** For `go build -ldflags`, besides -s and -w. */
  readonly linkerFlags?: readonly string[]
}
