-- uses: core
-- Records a tick, if its schedule stands where the scheduler saw it, with the tasks that are about to be pushed into whatever partition: a scheduler that
-- dies before it has pushed them loses none, the next one finds them here.
-- ARGV: settings · tick, see `push.lua` · name of the record, '' where there are no tasks · tasks. Answers 1, or false for a tick that is refused.
local after, settled, latest, length = unpack_of('>I8I8I8I2', ARGV[2])
local name = sub(ARGV[2], 27, 26 + length)
local stored = call('HGET', P .. ':sched', name)
if not stored or (unpack_of('>I8', stored)) ~= after or sub(stored, 41) ~= sub(ARGV[2], 27 + length) then return false end
local _, ticked, task, announced = unpack_of('>I8I8c16I8', stored)
if latest < 18446744073709551615 then ticked = latest end
call('HSET', P .. ':sched', name, pack('>I8I8c16I8', settled, ticked, task, announced) .. sub(stored, 41))
if ARGV[3] ~= '' then call('HSET', P .. ':ticks', ARGV[3], ARGV[4]) end
return 1
