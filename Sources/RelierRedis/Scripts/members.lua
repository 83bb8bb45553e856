-- flags: no-writes
-- uses: core
-- Every joined incarnation. ARGV: settings. Answers for each: incarnation, words as JSON, joined, lease, counter, stuck, order, how many it holds.
local answer = {}
local all = call('HGETALL', P .. ':in')
local numbers = {}
for index = 1, #all, 2 do numbers[#numbers + 1] = { tonumber(all[index + 1]), all[index] } end
table.sort(numbers, function(left, right) return left[1] < right[1] end)
for _, member in ipairs(numbers) do
    local found = call('HMGET', P .. ':m:' .. member[1], 'info', 'joined', 'lease', 'counter', 'stuck', 'order')
    if found[1] then
        answer[#answer + 1] = { member[2], found[1], found[2], found[3], found[4], found[5] or '0', found[6] or '',
            call('SCARD', P .. ':h:' .. member[1]) }
    end
end
return answer
