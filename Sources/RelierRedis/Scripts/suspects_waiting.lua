-- flags: no-writes
-- uses: core task wake gates
-- How many suspects a claim could hand out now. ARGV: settings.
local count = 0
for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do
    for _, id in ipairs(call('LRANGE', P .. ':s:' .. kind, 0, 999)) do
        local task = load(id)
        if task and task.state == SUSPECT and call('HEXISTS', P .. ':paused', task.queue) == 0 and mayStart(task) then count = count + 1 end
    end
end
return count
