import { GO_ON, objectionError, type Quirks, type ReadonlyMemory, sweepTables, type TableView, walkTables } from '@vits/core'

/** One mapping, as a line that sorts and compares: `DeviceID 0x8 EventID 0x0 -> LPI 8192, ICID 0x1`. */
export type Mapping = string

const eventLine = (deviceId: number, eventId: number, pintid: number, icid: number): Mapping =>
  `DeviceID 0x${deviceId.toString(16)} EventID 0x${eventId.toString(16)} -> LPI ${pintid}, ICID 0x${icid.toString(16)}`
const deviceLine = (deviceId: number, ittAddr: number, bits: number): Mapping =>
  `DeviceID 0x${deviceId.toString(16)} -> ITT 0x${ittAddr.toString(16)}, ${bits} EventID bits`
const collectionLine = (icid: number, rdBase: number): Mapping => `ICID 0x${icid.toString(16)} -> RDbase 0x${rdBase.toString(16)}`

/** What a restore answers, and what it maps. */
export interface RestoreOutcome {
  /** `0`, or an errno's name. */
  readonly rc: string
  readonly mappings: readonly Mapping[]
}

/** What RESTORE_TABLES of a kernel with these quirks does, by the model. A failed restore maps nothing. */
export function predictRestore(memory: ReadonlyMemory, view: TableView, quirks: Quirks): RestoreOutcome {
  const lines = new Map<string, readonly Mapping[]>()
  let device: Mapping[] = []
  const { objection } = walkTables(memory, view, quirks, {
    collection: (icid, rdBase) => {
      lines.set(`collection ${icid}`, [collectionLine(icid, rdBase)])
      return GO_ON
    },
    device: (deviceId, ittAddr, bits) => {
      device = [deviceLine(deviceId, ittAddr, bits)]
      lines.set(`device ${deviceId}`, device)
      return GO_ON
    },
    event: (deviceId, eventId, pintid, icid) => {
      device.push(eventLine(deviceId, eventId, pintid, icid))
      return GO_ON
    },
    drop: (deviceId) => {
      lines.delete(`device ${deviceId}`)
    },
  })
  if (objection !== undefined) return { rc: objectionError(objection).errno, mappings: [] }
  return { rc: '0', mappings: [...lines.values()].flat().sort() }
}

/** The mappings in tables that hold nothing else. */
export function mappingsIn(memory: ReadonlyMemory, view: TableView): Mapping[] {
  const found: Mapping[] = []
  sweepTables(memory, view, {
    collection: (icid, rdBase, _at, behind) => {
      if (!behind) found.push(collectionLine(icid, rdBase))
    },
    device: (deviceId, ittAddr, bits) => {
      found.push(deviceLine(deviceId, ittAddr, bits))
    },
    event: (deviceId, eventId, pintid, icid) => {
      found.push(eventLine(deviceId, eventId, pintid, icid))
    },
  })
  return found.sort()
}
