using System.Diagnostics;
using System.Runtime.InteropServices;
using Ixy.Soak;
using Ixy.Vfio;

if (args is not [string text] || !TryParse(text, out var duration))
{
    Console.Error.WriteLine("usage: eng/soak [TIME], as in 90s, 10m, 1h (the default) or 3d");
    return 2;
}
bool running = true;
void Stop(PosixSignalContext signal) => (signal.Cancel, running) = (true, false);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

var clock = Stopwatch.StartNew();
long packets = 0;
int rounds = 0;
// From the second round on: until then code is compiled and memory reaches its size.
List<Level> levels = [];
Console.WriteLine(Level.Head);
for (int round = 1; running && (round <= 3 || clock.Elapsed < duration); round++)
{
    foreach (var (name, run) in Scenarios.All)
    {
        if (!running) break;
        try
        {
            packets += run();
        }
        catch (Exception error) when (error is SoakException or PciDeviceException)
        {
            Console.WriteLine($"round {round}, {name}: {error.Message}");
            return 1;
        }
    }
    if (running) rounds++;
    var level = Level.Read();
    Console.WriteLine(level.Row(round, clock.Elapsed, packets));
    if (round >= 2) levels.Add(level);
}
if (rounds < 3)
{
    Console.WriteLine($"{packets:N0} packets, none lost, reordered or changed; ended before anything could be compared");
    return 1;
}
string grown = Level.FindGrowth(levels);
Console.WriteLine(grown.Length > 0 ? $"grown since the second round: {grown}"
    : $"{packets:N0} packets, none lost, reordered or changed; everything is level");
return grown.Length > 0 ? 1 : 0;

static bool TryParse(string text, out TimeSpan duration)
{
    duration = default;
    if (text.Length < 2 || !double.TryParse(text[..^1], out double number) || number is < 0 or > 1000) return false;
    TimeSpan? unit = text[^1] switch
    {
        's' => TimeSpan.FromSeconds(1),
        'm' => TimeSpan.FromMinutes(1),
        'h' => TimeSpan.FromHours(1),
        'd' => TimeSpan.FromDays(1),
        _ => null,
    };
    if (unit is null) return false;
    duration = unit.Value * number;
    return true;
}
