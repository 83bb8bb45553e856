-- Suspects that run: `ra` holds the ids of those that were handed out, until somebody sees that they do not run any more.
local function hostOf(holder)
    local info = call('HGET', P .. ':m:' .. holder, 'info')
    local isRead, words = pcall(cjson.decode, info or '')
    return isRead and type(words) == 'table' and words.host or nil
end

-- How many suspects run on the host, and whether one of them has it to itself. `drop` is called with what does not run any more.
local function loneRuns(host, drop)
    local count, isExclusive = 0, false
    for _, id in ipairs(call('SMEMBERS', P .. ':ra')) do
        local task = load(id)
        if not task or task.state ~= RUNNING or not has(task.flags, F.alone) then
            drop(id)
        elseif hostOf(task.holder) == host then
            count = count + 1
            isExclusive = isExclusive or lossesOf(task).alone > 0
        end
    end
    return count, isExclusive
end
