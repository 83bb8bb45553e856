-- uses: core task
-- Saves a checkpoint of a running task; without a value it removes it. Refused when the fence is not the current one.
-- ARGV: settings · id · fence · '1' and the value, or ''.
local task = load(ARGV[2])
if not heldUnder(task, ARGV[3]) then return redis.error_reply('FENCED the fence is not the current one') end
if ARGV[4] == '' then
    call('DEL', P .. ':z:' .. task.id)
    clearFlag(task, F.checkpoint)
    call('SETRANGE', task.key, 9, pack('>I2', task.flags))
else
    call('SET', P .. ':z:' .. task.id, sub(ARGV[4], 2))
    setFlag(task, F.checkpoint)
end
return 1
