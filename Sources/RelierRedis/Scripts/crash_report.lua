-- flags: allow-oom
-- uses: core
-- Keeps the report of a crash for its retention. ARGV: settings · process · report as JSON.
local ends = later(retention().crash)
call('SET', P .. ':cr:' .. ARGV[2], pack('>I8', ends) .. ARGV[3], 'PXAT', expiry(ends))
return 1
