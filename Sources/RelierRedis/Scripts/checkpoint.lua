-- uses: core task losses
-- Saves a checkpoint of a running task; without a value it removes it. Refused when the fence is not the current one.
-- What the attempt began with is remembered: a checkpoint that differs from it is progress.
-- ARGV: settings · id · fence · '1' and the value, or '' · 16 bytes that are equal for equal contents, zeros for none.
local task = load(ARGV[2])
if not heldUnder(task, ARGV[3]) then return redis.error_reply('FENCED the fence is not the current one') end
local losses = lossesOf(task)
if losses.fence ~= task.fence then losses.fence, losses.began = task.fence, losses.saved end
losses.saved = ARGV[5]
keepLosses(task, losses)
if ARGV[4] == '' then
    call('DEL', P .. ':z:' .. task.id)
    clearFlag(task, F.checkpoint)
else
    call('SET', P .. ':z:' .. task.id, sub(ARGV[4], 2))
    task.flags = bor(task.flags, F.checkpoint)
end
call('SETRANGE', task.key, 9, pack('>I2', task.flags))
return 1
