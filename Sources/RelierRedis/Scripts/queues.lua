-- flags: no-writes
-- uses: core task names ready_key
-- How many tasks of each queue stand where. ARGV: settings.
-- Answers for each queue: name, queued, recovered, scheduled, running, parked, suspects, waiting for a key, at a limit, oldest push or '', paused since or ''.
local running, suspects, waiting = {}, {}, {}
local function count(table_, ids)
    for _, id in ipairs(ids) do
        local text = call('GETRANGE', TASK .. id, 11, 14)
        if #text == 4 then
            local queue = unpack_of('>I4', text)
            table_[queue] = (table_[queue] or 0) + 1
        end
    end
end
for _, number in ipairs(call('HVALS', P .. ':in')) do count(running, call('SMEMBERS', P .. ':h:' .. number)) end
for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do count(suspects, call('LRANGE', P .. ':s:' .. kind, 0, -1)) end
for _, hash in ipairs(call('SMEMBERS', P .. ':aws')) do count(waiting, call('ZRANGE', P .. ':aw:' .. hash, 0, -1)) end

local answer = {}
for _, queue in ipairs(allQueues()) do
    local parked, oldest = 0, ''
    for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do parked = parked + call('LLEN', P .. ':p:' .. queue .. ':' .. kind) end
    for _, isRecovered in ipairs({ false, true }) do
        local id = call('LINDEX', readyKey(queue, isRecovered), 0)
        local task = id and load(id)
        if task and (oldest == '' or task.enqueued < oldest) then oldest = task.enqueued end
    end
    answer[#answer + 1] = {
        call('HGET', P .. ':qs', queue), call('LLEN', readyKey(queue, false)), call('LLEN', readyKey(queue, true)),
        call('ZCARD', P .. ':d1:' .. queue) + call('ZCARD', P .. ':d2:' .. queue), running[queue] or 0, parked, suspects[queue] or 0,
        waiting[queue] or 0, tonumber(call('HGET', P .. ':lq', queue)) or 0, oldest ~= '' and string.format('%.0f', oldest) or '',
        call('HGET', P .. ':paused', queue) or '',
    }
end
return answer
