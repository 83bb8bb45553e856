-- flags: allow-oom
-- uses: core
-- The tasks of a recorded tick are pushed. ARGV: settings · name of the record · of the schedule · settled 8 · the task that answers for the tick 16, or ''.
call('HDEL', P .. ':ticks', ARGV[2])
local stored = call('HGET', P .. ':sched', ARGV[3])
if stored and ARGV[5] ~= '' and sub(stored, 1, 8) == ARGV[4] then
    call('HSET', P .. ':sched', ARGV[3], sub(stored, 1, 16) .. ARGV[5] .. sub(stored, 33))
end
return 1
