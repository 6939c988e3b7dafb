import { cpus, loadavg } from 'node:os'

/** Whether so much else runs on this machine that a time on the wall says more of that than of us. */
export const isBusy = (): boolean => (loadavg()[0] ?? 0) > cpus().length * 1.5
