-- flags: allow-oom
-- uses: core
-- Makes a schedule known; one that is equal to what is stored stays as it is, another begins now on the clock that it follows.
-- ARGV: settings · number of names to forget, those names · then for each schedule its name, '1' when it follows the wall clock, and its definition.
local count = tonumber(ARGV[2])
for index = 3, count + 2 do call('HDEL', P .. ':sched', ARGV[index]) end
for index = count + 3, #ARGV, 3 do
    local name, start, definition = ARGV[index], ARGV[index + 1] == '1' and wall or now, ARGV[index + 2]
    local stored = call('HGET', P .. ':sched', name)
    if not stored or sub(stored, 41) ~= definition then
        call('HSET', P .. ':sched', name, pack('>I8I8c16I8', start, 0, string.rep('\0', 16), now) .. definition)
    end
end
return 1
