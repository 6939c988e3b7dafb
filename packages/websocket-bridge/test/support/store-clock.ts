import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A compiler of C, where there is one: with it the clock of a program that we cannot change can be set. */
export const compiler = ['/usr/bin/cc', '/usr/bin/gcc', '/usr/bin/clang'].find((path) => existsSync(path))

/** The clock of a program that is started with this environment, and of nobody else. */
export interface StoreClock {
  readonly env: Readonly<Record<string, string>>
  /** Sets it to so many seconds from the right time. */
  set(bySeconds: number): Promise<void>
  close(): Promise<void>
}

/** Takes the place of the date in the C library. The timers of a program are not changed: they go by another clock. */
const CODE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
int gettimeofday(struct timeval *now, void *zone) {
  static int (*real)(struct timeval *, void *);
  if (!real) real = dlsym(RTLD_NEXT, "gettimeofday");
  int result = real(now, zone);
  long by = 0;
  FILE *file = fopen(getenv("STORE_CLOCK"), "r");
  if (file) { if (fscanf(file, "%ld", &by) != 1) by = 0; fclose(file); }
  now->tv_sec += by;
  return result;
}
`

export async function storeClock(): Promise<StoreClock> {
  if (compiler === undefined) throw new Error('there is no compiler of C')
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-clock-'))
  const [code, library, offset] = ['clock.c', 'clock.so', 'offset'].map((name) => join(folder, name))
  if (code === undefined || library === undefined || offset === undefined) throw new Error('there are three files')
  const set = (bySeconds: number): Promise<void> => writeFile(offset, String(bySeconds))
  await writeFile(code, CODE)
  await set(0)
  execFileSync(compiler, ['-shared', '-fPIC', '-o', library, code, '-ldl'])
  return {
    env: { LD_PRELOAD: library, STORE_CLOCK: offset },
    set,
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
