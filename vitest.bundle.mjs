export { bundle as setup } from './scripts/bundle.mjs'
