-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Takes a key by hand for a running task: the one that has it already has it still, so the call may be sent again.
-- ARGV: settings · id · fence · hash of the key. Answers '' when it is the task's, 'v' and the value or 'n' when it is completed, 'h' and the holder,
-- 'f' when the holder's partition has to be asked.
local task, hash = load(ARGV[2]), ARGV[4]
if not heldUnder(task, ARGV[3]) then return redis.error_reply('FENCED the fence is not the current one') end
local record = readKey(HAND .. hash)
if record then
    if record.state == 2 and record.until_ > now then
        handAnswered(hash)
        if byte(record.rest) == 1 then return 'v' .. sub(record.rest, 2) end
        return 'n'
    end
    if record.state == ELSEWHERE then return 'f' end
    if record.state == 1 then
        if record.owner == task.id then return '' end
        if isHeld(record) then return 'h' .. record.owner end
    end
end
call('SET', HAND .. hash, pack('>Bc16I4I7', 1, task.id, 0, 0))
call('SADD', P .. ':o:' .. task.id, hash)
setFlag(task, F.manual)
return ''
