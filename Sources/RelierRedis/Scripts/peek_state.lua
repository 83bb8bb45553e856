-- flags: no-writes
-- uses: core task listing
-- The heads of those tasks that a state with few of them holds: running ('r'), suspects ('s'), parked ('p'), waiting for a key ('w') or at a limit ('l').
-- ARGV: settings · letter · id after which to begin, or '' · at most so many.
local letter, after, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local found = {}
local function add(list)
    for _, id in ipairs(list) do
        if id > after then found[#found + 1] = id end
    end
end
if letter == 'r' then
    for _, number in ipairs(call('HVALS', P .. ':in')) do add(call('SMEMBERS', P .. ':h:' .. number)) end
elseif letter == 's' then
    for _, kind in ipairs(call('SMEMBERS', P .. ':sk')) do add(call('LRANGE', P .. ':s:' .. kind, 0, -1)) end
elseif letter == 'p' then
    for _, queue in ipairs(call('HKEYS', P .. ':qs')) do
        for _, kind in ipairs(call('SMEMBERS', P .. ':pk:' .. queue)) do add(call('LRANGE', P .. ':p:' .. queue .. ':' .. kind, 0, -1)) end
    end
elseif letter == 'w' then
    for _, hash in ipairs(call('SMEMBERS', P .. ':aws')) do add(call('ZRANGE', P .. ':aw:' .. hash, 0, -1)) end
else
    for _, gate in ipairs(call('SMEMBERS', P .. ':wg')) do add(call('ZRANGE', P .. ':W:' .. gate, 0, limit - 1)) end
end
table.sort(found)
local ids, texts = {}, {}
for _, id in ipairs(found) do
    if #ids >= limit then break end
    local text = call('GETRANGE', TASK .. id, 0, HEAD - 1)
    local task = parse(id, text)
    if task then
        named(task.queue, task.kind, task.holder)
        ids[#ids + 1], texts[#texts + 1] = id, text
    end
end
return peeked(ids, texts)
