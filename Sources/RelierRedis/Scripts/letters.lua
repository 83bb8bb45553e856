-- flags: no-writes
-- uses: core task listing
-- A page of dead letters in the order of their quarantine. ARGV: settings · place after which to begin · at most so many.
-- Answers ids, heads and names, then the letters themselves and their places.
local page = call('ZRANGEBYSCORE', P .. ':dead', '(' .. ARGV[2], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local ids, texts, letters, places = {}, {}, {}, {}
for index = 1, #page, 2 do
    local id = page[index]
    local text = call('GETRANGE', TASK .. id, 0, HEAD - 1)
    local task = parse(id, text)
    if task then
        named(task.queue, task.kind, 0)
        ids[#ids + 1], texts[#texts + 1] = id, text
        letters[#letters + 1], places[#places + 1] = call('GET', P .. ':x:' .. id) or '', page[index + 1]
    end
end
local answer = peeked(ids, texts)
answer[6], answer[7] = letters, places
return answer
