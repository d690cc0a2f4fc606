/** What no scope has, and why: nothing is proven of it here. */
export const notCovered: readonly { readonly what: string; readonly why: string }[] = [
  {
    what: 'More of each thing than a scope names: more than three devices, EventIDs above 7, a third collection beside two others',
    why: 'The states are counted, and every further thing multiplies them. That no bug needs more is likely and not proven.',
  },
  {
    what: 'ITTs that overlap in part, lie over a table or end outside guest RAM; EFAULT of any kind',
    why: 'Every place for an ITT is apart from all others and in RAM, and so is every table.',
  },
  {
    what: 'What another program may write over a freed ITT, but for four entries: zeros, an ICID without a collection, a pINTID below 8192, a next past the ITT',
    why: 'A word has 2^64 values. A word that reads as a valid entry of a live LPI and collection is not among the four.',
  },
  {
    what: 'Collection table entries, but in scopes with RESTORE',
    why: 'Every save writes them anew up to the entry that ends them, and a restore without a save before it reads them in those scopes only.',
  },
  {
    what: 'What lies in the command queue, and where CREADR stands',
    why: 'Each command is done by itself, and what the ring holds follows from the history: a ring that wraps differs in what an audit can read, not in what the kernel does.',
  },
  {
    what: 'Commands that are cut off by a save, and vCPUs that run during one',
    why: 'Saves and commands of KVM exclude one another by a lock; the VM is paused.',
  },
  {
    what: 'Configuration of LPIs, priorities, delivery to a vCPU, and the translation cache',
    why: 'No command of a scope reads a configuration byte that changes, groups are off, and no MSI is sent: INT stands for it.',
  },
  {
    what: 'The order in which LPIs were created, and so pending bits on kernels before 5.5',
    why: 'It only decides in the one quirk of those kernels by which bits of two vCPUs in one byte are mixed up.',
  },
  {
    what: 'Several ITSes in one VM, GICv4, and vCPU numbers that are not their index',
    why: 'A scope has one ITS, and its vCPUs are 0 and up.',
  },
  {
    what: 'A third device of one DeviceID, after a third RESTORE onto a live ITS',
    why: 'KVM adds one with each, without end: steps that lead there are counted as leading out of the scope.',
  },
  {
    what: 'KVM itself',
    why: 'What is gone through is the model. That real kernels answer as it does is asked of them in the lab, history by history, and is not a proof.',
  },
]
