-- flags: no-writes
-- uses: core
-- What other partitions are asked from here and was not yet done, at most a hundred. ARGV: settings.
return call('LRANGE', P .. ':out', 0, 99)
