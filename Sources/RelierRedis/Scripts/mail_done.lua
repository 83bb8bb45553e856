-- flags: allow-oom
-- uses: core
-- Crosses out what other partitions were asked from here, each once. ARGV: settings · what.
for index = 2, #ARGV do call('LREM', P .. ':out', 1, ARGV[index]) end
return 1
