/** The import law: a room of core may import itself and the rooms named here, through their index.ts only. */
const law = {
  memory: [],
  budget: [],
  abi: ['memory'],
  its: ['memory', 'abi'],
  virtio: ['memory', 'abi'],
  formats: ['memory', 'abi', 'virtio'],
  'guest-kernel': ['memory', 'abi', 'budget'],
  gicv4: ['memory', 'abi', 'its'],
  tables: ['memory', 'abi', 'its'],
  seal: ['memory', 'abi', 'its', 'tables'],
  scope: ['memory', 'abi', 'its', 'tables', 'seal'],
  kvm: ['memory', 'abi', 'its', 'gicv4', 'tables', 'seal'],
  trace: ['memory', 'abi', 'kvm'],
  audit: ['memory', 'budget', 'abi', 'its', 'tables', 'seal', 'kvm', 'guest-kernel', 'virtio'],
  repair: ['memory', 'budget', 'abi', 'its', 'tables', 'seal', 'kvm', 'audit'],
  extract: ['memory', 'abi', 'tables'],
  messages: ['memory', 'abi', 'tables', 'kvm', 'audit'],
  documents: ['memory', 'budget', 'abi', 'tables', 'scope', 'guest-kernel', 'virtio', 'trace', 'audit', 'messages', 'formats', 'repair'],
  inspect: ['memory', 'budget', 'abi', 'guest-kernel', 'virtio', 'audit', 'formats', 'repair'],
  conformance: ['memory', 'abi', 'its', 'gicv4', 'tables', 'seal', 'scope', 'kvm', 'audit', 'repair'],
}
module.exports = { law }
