-- flags: allow-oom
-- uses: core
-- The engine's clock and the wall clock; with offsets, which only tests give, both are moved first.
-- ARGV: settings · [microseconds for the engine's clock, for the wall clock].
if ARGV[3] then
    now = real + call('HINCRBY', P .. ':clock', 'engine', ARGV[2])
    wall = real + call('HINCRBY', P .. ':clock', 'wall', ARGV[3])
end
return { string.format('%.0f', now), string.format('%.0f', wall) }
