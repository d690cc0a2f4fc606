import type { DeviceHarm, DeviceNames, NamedFunction } from '../audit/index.ts'

/** What the file knows of a DeviceID. */
export interface NamedDeviceDocument {
  /** The ITS that it is a DeviceID of: its place in the machine. */
  readonly its: number
  readonly deviceId: number
  /** `virtio-blk 01:00.1`: model and PCI address as the guest has it. */
  readonly label: string
  /** Several behind a bridge to conventional PCI. */
  readonly functions: readonly FunctionDocument[]
}

/** A PCI function: its address as the guest has it (`0000:01:00.1`), the device model, what that is, and the section of the file. */
export interface FunctionDocument extends NamedFunction {}

/** What a restore does to a device. */
export interface HarmDocument extends DeviceHarm {
  /** The ITS: its place in `itses`. */
  readonly its: number
  /** `the disk at 01:00.1`, or `DeviceID 0x9` where the file does not tell what it is. */
  readonly device: string
}

/** Every device of which the file knows something. */
export const namedDevices = (names: DeviceNames, its: number): NamedDeviceDocument[] =>
  names.devices.map(({ deviceId, functions }) => ({ its, deviceId, label: names.label(deviceId), functions }))

export const harmDocument = (harm: DeviceHarm, names: DeviceNames, its: number): HarmDocument => ({
  its,
  device: names.subject(harm.deviceId),
  ...harm,
})
