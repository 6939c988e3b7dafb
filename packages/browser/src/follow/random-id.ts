/** 96 bits of chance. Not `randomUUID`, which pages without TLS do not have. */
export const randomId = (): string => crypto.getRandomValues(new Uint32Array(3)).join('-')
