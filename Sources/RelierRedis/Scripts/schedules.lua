-- flags: no-writes
-- uses: core
-- Every schedule and the clocks. ARGV: settings. Answers the engine's clock, the wall clock, and names and states in turn.
return { string.format('%.0f', now), string.format('%.0f', wall), call('HGETALL', P .. ':sched') }
