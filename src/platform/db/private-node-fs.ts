import { NodeFS } from '@electric-sql/pglite/nodefs'
import { OTHERS } from './private-files.ts'

/** The part of Emscripten's file system that says with which rights a file is made. */
interface NodeOperations {
  mknod(parent: unknown, name: string, mode: number, dev: number): unknown
  setattr(node: unknown, attributes: { mode?: number | undefined }): void
}
interface WithNodeFs {
  NODEFS: { node_ops: NodeOperations }
}

/**
 * PGlite's storage in a folder. By itself it asks for 0666 and sets that by chmod, which no umask
 * changes.
 */
export class PrivateNodeFs extends NodeFS {
  override async init (...[lite, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(lite, options)
    const { preRun = [] } = emscriptenOpts
    const first = (module: unknown) => {
      closeFiles((module as WithNodeFs).NODEFS.node_ops)
    }
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [first, ...preRun] } }
  }
}

function closeFiles (operations: NodeOperations): void {
  const { mknod, setattr } = operations
  operations.mknod = (parent, name, mode, dev) => mknod(parent, name, mode & ~OTHERS, dev)
  operations.setattr = (node, attributes) => {
    setattr(
      node,
      attributes.mode === undefined
        ? attributes
        : { ...attributes, mode: attributes.mode & ~OTHERS }
    )
  }
}
