// Loaded before the program: the first page of guest RAM that is read keeps its thread busy for BLOCK_MS.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { fstatSync, readSync } = fs
let isDone = false
fs.readSync = (file, buffer, offset, length, position) => {
  if (!isDone && length >= 4096 && length % 4096 === 0 && fstatSync(file).size === length) {
    isDone = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.BLOCK_MS))
  }
  return readSync(file, buffer, offset, length, position)
}
syncBuiltinESMExports()
