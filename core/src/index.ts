export * from './abi/index.ts'
export * from './formats/index.ts'
export * from './memory/index.ts'
export * from './tables/index.ts'
