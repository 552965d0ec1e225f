using System.CommandLine;
using Ixy.Benchmarks;

var batches = new Option<int[]>("--batch")
{
    Description = "Packets per call, 1 to 256; several may be given",
    DefaultValueFactory = _ => [1, 8, 32, 128, 256],
    AllowMultipleArgumentsPerToken = true,
};
batches.Validators.Add(result =>
{
    if (result.GetValueOrDefault<int[]>().Any(batch => batch is < 1 or > 256)) result.AddError("A batch is 1 to 256.");
});
var rounds = new Option<int>("--rounds") { Description = "Measurements of each", DefaultValueFactory = _ => 18 };
var json = new Option<bool>("--json") { Description = "One JSON object instead of the table" };
var devices = new Option<int>("--devices")
{
    Description = "1: from a card to itself; 2: from one card to another",
    DefaultValueFactory = _ => 1,
};
devices.AcceptOnlyFromAmong("1", "2");
var held = new Option<int>("--held")
{
    Description = "Packets that the application holds between receiving and sending, 0 to 2048",
    DefaultValueFactory = _ => 0,
};
var physical = new Option<bool>("--physical")
{
    Description = "Physical addresses, as through sysfs; needs root and huge pages",
};
var compiled = new Option<bool>("--compiled")
{
    Description = "The application's loop is compiled around its queues; with batches of one it takes packets singly",
};
var driver = new Command("driver", "What the ixgbe driver alone costs per forwarded packet, on one core")
{
    batches, rounds, devices, held, physical, compiled, json,
};
driver.Validators.Add(result =>
{
    if (result.GetValue(compiled) && result.GetValue(held) > 0) result.AddError("--compiled holds no packets.");
});
driver.SetAction(result => new DriverBenchmark(
    new(result.GetValue(devices), result.GetValue(held), result.GetValue(physical), result.GetValue(compiled)))
    .Run(result.GetRequiredValue(batches), result.GetValue(rounds), Report.To(Console.Out, result.GetValue(json))));
var cores = new Command(
    "cores", "A card on one core, driver and application on another: packets per second, memory crossing between them")
{
    batches, rounds, json,
};
cores.SetAction(result => CoresBenchmark.Run(
    result.GetRequiredValue(batches), result.GetValue(rounds), Report.To(Console.Out, result.GetValue(json))));
return new RootCommand("Benchmarks of Ixy for .NET; docs/performance.md says what they measure") { driver, cores }
    .Parse(args).Invoke();
