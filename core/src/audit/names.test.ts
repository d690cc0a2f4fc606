import { expect, test } from 'vitest'
import { place } from './names.ts'

test.each([
  ['DeviceID 0x5200 event 0', { what: 'ITE', deviceId: 0x5200, eventId: 0 }],
  ['DeviceID 0x5200', { what: 'DTE', deviceId: 0x5200 }],
  ['collection 3', { what: 'CTE', icid: 3 }],
  ['the collection table', { what: 'CTE' }],
  ['the first level of the device table', { what: 'L1E' }],
  ['the device table', { what: 'DTE' }],
  ['the ITT', { what: 'ITE' }],
  ['GITS_CBASER', { what: 'GITS_CBASER' }],
  ['the tables', {}],
] as const)('a place is named by its entry, or by its table where none has a name: %s', (name, where) => {
  expect(place(where)).toBe(name)
})
