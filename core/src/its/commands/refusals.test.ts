import { describe, expect, test } from 'vitest'
import { type CommandErrorName, type CommandName, commandErrors } from '../../abi/index.ts'
import { prepared, stateOf } from '../testing/prepared.ts'

interface Refusal {
  readonly command: CommandName
  readonly args: Readonly<Record<string, number | boolean>>
  readonly error: CommandErrorName
}

describe('a command that is refused changes nothing', () => {
  test.each`
    because                                 | command      | args                                                           | error
    ${'the DeviceID is past the table'}     | ${'MAPD'}    | ${{ deviceId: 8192, size: 3, valid: true }}                    | ${'MAPD_DEVICE_OOR'}
    ${'... also when it unmaps'}            | ${'MAPD'}    | ${{ deviceId: 8192, valid: false }}                            | ${'MAPD_DEVICE_OOR'}
    ${'the DeviceID has more than 16 bits'} | ${'MAPD'}    | ${{ deviceId: 0x10002, size: 3, valid: true }}                 | ${'MAPD_DEVICE_OOR'}
    ${'17 EventID bits are too many'}       | ${'MAPD'}    | ${{ deviceId: 2, size: 16, valid: true }}                      | ${'MAPD_ITTSIZE_OOR'}
    ${'RDbase names no vCPU'}               | ${'MAPC'}    | ${{ icid: 5, rdBase: 2, valid: true }}                         | ${'MAPC_PROCNUM_OOR'}
    ${'the ICID is past the table'}         | ${'MAPC'}    | ${{ icid: 8192, rdBase: 0, valid: true }}                      | ${'MAPC_COLLECTION_OOR'}
    ${'the device is not mapped'}           | ${'MAPTI'}   | ${{ deviceId: 3, eventId: 0, pintid: 8200, icid: 0 }}          | ${'MAPTI_UNMAPPED_DEVICE'}
    ${'the EventID is past the ITT'}        | ${'MAPTI'}   | ${{ deviceId: 2, eventId: 32, pintid: 8200, icid: 0 }}         | ${'MAPTI_ID_OOR'}
    ${'the EventID has more than 16 bits'}  | ${'MAPTI'}   | ${{ deviceId: 2, eventId: 0xffff0000, pintid: 8200, icid: 0 }} | ${'MAPTI_ID_OOR'}
    ${'8191 is no LPI'}                     | ${'MAPTI'}   | ${{ deviceId: 2, eventId: 0, pintid: 8191, icid: 0 }}          | ${'MAPTI_PHYSICALID_OOR'}
    ${'the LPI has more than 16 bits'}      | ${'MAPTI'}   | ${{ deviceId: 2, eventId: 0, pintid: 0x10000, icid: 0 }}       | ${'MAPTI_PHYSICALID_OOR'}
    ${'a new ICID is past the table'}       | ${'MAPTI'}   | ${{ deviceId: 2, eventId: 0, pintid: 8200, icid: 8192 }}       | ${'MAPC_COLLECTION_OOR'}
    ${'the EventID is no LPI'}              | ${'MAPI'}    | ${{ deviceId: 2, eventId: 5, icid: 0 }}                        | ${'MAPTI_PHYSICALID_OOR'}
    ${'the event is not mapped'}            | ${'MOVI'}    | ${{ deviceId: 2, eventId: 0, icid: 0 }}                        | ${'MOVI_UNMAPPED_INTERRUPT'}
    ${'its own collection is not mapped'}   | ${'MOVI'}    | ${{ deviceId: 2, eventId: 3, icid: 0 }}                        | ${'MOVI_UNMAPPED_COLLECTION'}
    ${'the new collection is not mapped'}   | ${'MOVI'}    | ${{ deviceId: 2, eventId: 1, icid: 7 }}                        | ${'MOVI_UNMAPPED_COLLECTION'}
    ${'the first RDbase names no vCPU'}     | ${'MOVALL'}  | ${{ rdBase: 4, rdBase2: 0 }}                                   | ${'MOVALL_PROCNUM_OOR'}
    ${'the second RDbase names no vCPU'}    | ${'MOVALL'}  | ${{ rdBase: 0, rdBase2: 4 }}                                   | ${'MOVALL_PROCNUM_OOR'}
    ${'the event is not mapped'}            | ${'DISCARD'} | ${{ deviceId: 2, eventId: 0 }}                                 | ${'DISCARD_UNMAPPED_INTERRUPT'}
    ${'the collection is not mapped'}       | ${'DISCARD'} | ${{ deviceId: 2, eventId: 3 }}                                 | ${'DISCARD_UNMAPPED_INTERRUPT'}
    ${'the event is not mapped'}            | ${'INT'}     | ${{ deviceId: 2, eventId: 0 }}                                 | ${'INT_UNMAPPED_INTERRUPT'}
    ${'the collection is not mapped'}       | ${'INT'}     | ${{ deviceId: 2, eventId: 3 }}                                 | ${'INT_UNMAPPED_INTERRUPT'}
    ${'the event is not mapped'}            | ${'CLEAR'}   | ${{ deviceId: 9, eventId: 1 }}                                 | ${'CLEAR_UNMAPPED_INTERRUPT'}
    ${'the event is not mapped'}            | ${'INV'}     | ${{ deviceId: 2, eventId: 31 }}                                | ${'INV_UNMAPPED_INTERRUPT'}
    ${'the collection is not mapped'}       | ${'INVALL'}  | ${{ icid: 7 }}                                                 | ${'INVALL_UNMAPPED_COLLECTION'}
  `('$command: $because', ({ command, args, error }: Refusal) => {
    const guest = prepared()
    const before = stateOf(guest)
    expect(guest.run(command, args)).toEqual({ kind: 'refused', error, code: commandErrors[error].code })
    expect(stateOf(guest)).toEqual(before)
  })
})
