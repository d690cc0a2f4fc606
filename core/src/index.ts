export * from './abi/index.ts'
export * from './memory/index.ts'
