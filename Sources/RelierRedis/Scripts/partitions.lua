-- flags: allow-oom
-- uses: core
-- The number of partitions, which the first engine of a namespace sets. One that was used before there was such a number has one.
-- ARGV: settings. Answers the number.
local stored = call('GET', P .. ':partitions')
if not stored then
    stored = call('EXISTS', P .. ':n', P .. ':sched', P .. ':adm') > 0 and 1 or PARTITIONS
    call('SET', P .. ':partitions', stored)
end
return tonumber(stored)
