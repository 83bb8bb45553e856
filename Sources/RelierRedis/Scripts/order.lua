-- flags: allow-oom
-- uses: core
-- Gives a joined worker an order. ARGV: settings · incarnation · order. Answers 0 when it is not joined.
local number = call('HGET', P .. ':in', ARGV[2])
if not number then return 0 end
call('HSET', P .. ':m:' .. number, 'order', ARGV[3])
return 1
