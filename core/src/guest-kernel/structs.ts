/**
 * The members of Linux's structures that lead from an ITS to the events of its devices. Where a member lies differs from kernel to
 * kernel: its BTF tells, or what lies in RAM itself.
 *
 * @source Linux drivers/irqchip/irq-gic-v3-its.c
 */
export const members = {
  its_node: ['phys_base', 'cmd_base', 'cmd_write', 'tables', 'its_device_list'],
  its_baser: ['base', 'val'],
  its_device: ['entry', 'event_map', 'itt', 'device_id'],
  event_lpi_map: ['lpi_map', 'col_map', 'lpi_base', 'nr_lpis'],
} as const

type Name = keyof typeof members

/** Byte offsets of members, by structure. */
export type Structs = { readonly [S in Name]: { readonly [M in (typeof members)[S][number]]: number } }

export const structNames = Object.keys(members) as Name[]

/**
 * `its_baser`, which no kernel has changed since the first ITS driver: a pair of them is what RAM is searched for. Its `val` is
 * the GITS_BASER<n> that the driver read back.
 */
export const ITS_BASER = { base: 0, val: 8, order: 16, bytes: 24 } as const

/** Members of its_node that lie before `tables`, from there on: no kernel that was read, from 5.10 to 7.3, has them elsewhere. */
export const ITS_NODE = { phys_base: -24, cmd_base: -16, cmd_write: -8 } as const
