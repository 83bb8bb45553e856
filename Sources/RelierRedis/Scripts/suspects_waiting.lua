-- flags: no-writes
-- uses: core task wake gates losses lone
-- How many suspects could start now, and what runs alone on a host. At most a thousand of a kind are looked at.
-- ARGV: settings · host.
-- Answers how many have lost no worker while they ran alone, how many have, how many suspects run on the host, and 1 when one of those has it to itself.
local shared, exclusive = 0, 0
for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do
    for _, id in ipairs(call('LRANGE', P .. ':s:' .. kind, 0, 999)) do
        local task = load(id)
        if task and task.state == SUSPECT and call('HEXISTS', P .. ':paused', task.queue) == 0 and mayStart(task) then
            if lossesOf(task).alone > 0 then exclusive = exclusive + 1 else shared = shared + 1 end
        end
    end
end
local running, isExclusive = loneRuns(ARGV[2], function() end)
return { shared, exclusive, running, isExclusive and 1 or 0 }
