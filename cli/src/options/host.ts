/** What stands for the kernel of this machine where a kernel is named. */
export const HOST = 'host'
