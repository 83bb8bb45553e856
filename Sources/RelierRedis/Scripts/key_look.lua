-- flags: no-writes
-- uses: core
-- The claim of another partition on a key. ARGV: settings · 'k' or 'g' · hash. Answers the record and its age in microseconds; '' when there is none.
local text = call('GET', P .. ':' .. ARGV[2] .. ':' .. ARGV[3])
if not text or byte(text) ~= 3 then return '' end
return { text, string.format('%.0f', real - unpack_of('>I7', text, 22)) }
