-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Takes a key by hand for a task in another partition, which has noted it. A task that has it already has it still, under the new token: whatever was about
-- to take over the old claim looks again.
-- ARGV: settings · id · its partition · hash · a fresh token 8.
-- Answers '' when it is the task's, 'v' and the value or 'n' when it is completed, 'h' and the holder, 'f' when a third partition has to be asked.
local id, partition, hash = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local record = readKey(HAND .. hash)
if record then
    if record.state == 2 and record.until_ > now then
        handAnswered(hash)
        if byte(record.rest) == 1 then return 'v' .. sub(record.rest, 2) end
        return 'n'
    end
    if record.state == ELSEWHERE then
        if record.owner ~= id or record.holder ~= partition then return 'f' end
    elseif isHeld(record) then
        return 'h' .. record.owner
    end
end
call('SET', HAND .. hash, pack('>Bc16I4I7', ELSEWHERE, id, partition, real) .. ARGV[5])
call('SADD', P .. ':kf', 'g' .. hash)
return ''
