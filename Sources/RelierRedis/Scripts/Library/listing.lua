-- Answers for listings: the heads or records of tasks, and the names that their numbers stand for.
local queueNames, kindTexts, workerNames = {}, {}, {}

local function named(queue, kind, holder)
    if not queueNames[queue] then queueNames[queue] = call('HGET', P .. ':qs', queue) or '?' end
    if not kindTexts[kind] then kindTexts[kind] = call('HGET', P .. ':ks', kind) or '' end
    if holder ~= 0 and not workerNames[holder] then workerNames[holder] = sub(call('HGET', P .. ':inc', holder) or '', 33) end
end

local function flat(names)
    local list = {}
    for number, name in pairs(names) do
        list[#list + 1] = string.format('%.0f', number)
        list[#list + 1] = name
    end
    return list
end

-- ids, heads, and the three lists of names.
local function peeked(ids, texts) return { table.concat(ids), texts, flat(queueNames), flat(kindTexts), flat(workerNames) } end
