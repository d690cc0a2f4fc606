import type { FormatError } from '../format-error.ts'
import type { JsonValue } from '../json/json-value.ts'

/** How a component's state is written down: it tells which versions of Cloud Hypervisor did. */
export type StateForm = 'sections' | 'bytes' | 'text'

/**
 * A component of a VM in state.json, and its children. The state of a component is JSON: text since v39, an array of its bytes in v29 to v38, and
 * in v25 to v28 such an array in a section of its own. Before v39 the states of memory and of PCI functions are of versionize instead, whose
 * bytes stand in the same places.
 *
 * @source Cloud Hypervisor vm-migration/src/lib.rs, Snapshot and SnapshotData, of v25.0, v29.0, v39.0 and main
 */
export class SnapshotNode {
  readonly id: string
  readonly #members: ReadonlyMap<string, JsonValue>
  readonly #value: JsonValue

  constructor(id: string, value: JsonValue) {
    this.id = id
    this.#value = value
    this.#members = value.members()
  }

  /** Its children by their ids, in the order of the file. */
  children(): ReadonlyMap<string, SnapshotNode> {
    const children = this.#members.get('snapshots')
    if (children === undefined) throw this.#value.wrong('a member "snapshots"')
    return new Map([...children.members()].map(([id, value]) => [id, new SnapshotNode(id, value)]))
  }

  /** The child of that id. @throws FormatError when there is none. */
  child(id: string): SnapshotNode {
    const child = this.children().get(id)
    if (child === undefined) throw this.wrong(`a component "${id}"`)
    return child
  }

  /** How its state is written; undefined when it has none. */
  get form(): StateForm | undefined {
    const data = this.#members.get('snapshot_data')
    if (data === undefined || data.isNull) return undefined
    if (data.isArray) return 'bytes'
    const members = data.members()
    if (members.size === 0) return undefined
    return members.get('state')?.isString === true ? 'text' : 'sections'
  }

  /** Its state where that is JSON. @throws FormatError when it has none, or it is no JSON. */
  json(): JsonValue {
    const what = `the state of ${this.id}`
    const state = this.#state()
    return state.isString ? state.textInside(what) : state.bytesInside(what)
  }

  /** Its state where that is not JSON. */
  bytes(): { readonly bytes: Uint8Array; readonly offset: number } {
    const state = this.#state()
    return { bytes: state.bytes().bytes, offset: state.offset }
  }

  #state(): JsonValue {
    const { form } = this
    const data = this.#members.get('snapshot_data')
    if (form === undefined || data === undefined) throw this.wrong(`the state of ${this.id}`)
    if (form === 'bytes') return data
    return form === 'text' ? data.member('state') : data.member(`${this.id}-section`).member('snapshot')
  }

  wrong(expected: string): FormatError {
    return this.#value.wrong(expected)
  }
}
