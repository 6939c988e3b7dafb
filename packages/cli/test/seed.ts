import fc from 'fast-check'

// The same examples in every run, so that a change and not chance turns the check red; another seed finds others.
fc.configureGlobal({ seed: Number(process.env['DELTAWIRE_SEED'] ?? 1) })
