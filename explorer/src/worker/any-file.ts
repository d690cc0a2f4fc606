// The worker of the page that files are dropped on: it opens whatever core opens.
import { open } from '@vits/core'
import { machinesAmong } from '@vits/core/formats'
import { serve } from './serve.ts'

serve(open, machinesAmong)
