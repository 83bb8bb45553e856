-- flags: allow-oom
-- uses: core task names wake ready_key ready history gates keys ending_read records ending
-- Ends a live task as cancelled: at once when it waits, in whatever state, and when it runs and `terminate` is set; otherwise after the current run.
-- ARGV: settings · id · '1' to terminate.
-- Answers 'c' cancelled, 'r' after this run, 'q' it is a dead letter, 'd' it has committed, '' it is not known.
local id = ARGV[2]
local task = load(id)
if not task then
    local text = call('HGET', P .. ':r:' .. sub(id, 1, 4), sub(id, 5))
    if not text or recordEnds(text) <= now then return '' end
    return byte(text) == CANCELLED and 'c' or 'd'
end
if task.state == DEAD then return 'q' end
if task.state == RUNNING and ARGV[3] ~= '1' then
    setFlag(task, F.cancelling)
    return 'r'
end

-- Out of wherever it waits.
local holder = 0
if task.state == QUEUED then
    call('LREM', readyKey(task.queue, has(task.flags, F.recovered)), 1, id)
elseif task.state == SCHEDULED then
    call('ZREM', P .. (has(task.flags, F.wall) and ':d2:' or ':d1:') .. task.queue, id)
elseif task.state == RUNNING then
    call('SREM', P .. ':h:' .. task.holder, id)
    holder = task.holder
elseif task.state == PARKED then
    local key = P .. ':p:' .. task.queue .. ':' .. task.kind
    call('LREM', key, 1, id)
    if call('EXISTS', key) == 0 then call('SREM', P .. ':pk:' .. task.queue, task.kind) end
elseif task.state == WAITING then
    local hash = sub(call('GET', P .. ':a:' .. id) or '', 1, 16)
    call('DEL', P .. ':a:' .. id)
    call('ZREM', P .. ':aw:' .. hash, id)
    if call('EXISTS', P .. ':aw:' .. hash) == 0 then call('SREM', P .. ':aws', hash) end
elseif task.state == SUSPECT then
    local key = P .. ':s:' .. task.kind
    call('LREM', key, 1, id)
    if call('EXISTS', key) == 0 then call('SREM', P .. ':sk', task.kind) end
end
endCancelled(task, holder, has(task.flags, F.settled))
openGates()
flushRecords()
flushWakes()
return 'c'
