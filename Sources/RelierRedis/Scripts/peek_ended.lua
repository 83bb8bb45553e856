-- flags: no-writes
-- uses: core ending_read listing
-- A page of the records of ended tasks, slices from the newest to the oldest, each in the order of its scan.
-- ARGV: settings · slice to go on in, or '' for the newest · cursor in it · about so many.
-- Answers ids, records and names, then slice and cursor to go on with, '' at the end.
local slice, cursor, count = ARGV[2], ARGV[3], tonumber(ARGV[4])
local function nextSlice(before)
    local best
    for _, candidate in ipairs(call('ZRANGE', P .. ':se', 0, -1)) do
        if (before == '' or candidate < before) and (not best or candidate > best) then best = candidate end
    end
    return best or ''
end
if slice == '' then slice, cursor = nextSlice(''), '0' end
local ids, texts = {}, {}
if slice ~= '' then
    local page = call('HSCAN', P .. ':r:' .. slice, cursor, 'COUNT', count)
    cursor = page[1]
    for index = 1, #page[2], 2 do
        local text = page[2][index + 1]
        if recordEnds(text) > now then
            local queue, kind = unpack_of('>I4I4', text, 3)
            named(queue, kind, 0)
            ids[#ids + 1], texts[#texts + 1] = slice .. page[2][index], text
        end
    end
    if cursor == '0' then slice = nextSlice(slice) end
end
local answer = peeked(ids, texts)
answer[6], answer[7] = slice, cursor
return answer
