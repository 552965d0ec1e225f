using Ixy.Vfio;
using Ixy.Vm.Probe;

// Runs inside a guest and prints one fact per line, as name=value; the tests on the host judge them. Except for
// "offload" it uses Ixy.Vfio and none of ixy's drivers. Exit codes: 0 on completion, 1 on an exception, which is the
// fact "error".
if (args is not [var command, var first, .. var more] || !PciAddress.TryParse(first, out var address))
{
    Console.Error.WriteLine(
        "expected: open|hold|sysfs|sysfs-without-rights|edu|stray|e1000e|virtio|offload ADDRESS [ADDRESS] [WORDS]");
    return 2;
}
try
{
    Action run = command switch
    {
        "open" => () => OpenProbe.Run([address, .. more.Select(Parse)]),
        "hold" => () => OpenProbe.Hold(address),
        "sysfs" => () => OpenProbe.RunSysfs(address),
        "sysfs-without-rights" => () => OpenProbe.RunSysfsWithoutRights(address),
        "edu" => () => Leaks.Check(() => EduProbe.Run(address)),
        "stray" => () => EduProbe.StrayDma(address),
        "e1000e" => () => Leaks.Check(() => E1000eProbe.Run(address)),
        "offload" => () =>
        OffloadProbe.Run(
            address, Parse(more[0]), more[1], Enum.Parse<Ixy.PacketFlags>(more[2]), Enum.Parse<Ixy.Offloads>(more[3])),
        "virtio" => () => Leaks.Check(() => VirtioProbe.Run(address)),
        _ => throw new ArgumentException($"unknown command '{command}'"),
    };
    run();
    Fact.Print("done", command);
    return 0;
}
catch (Exception error) when (error is PciDeviceException or ArgumentException)
{
    Fact.Print("error", $"{error.GetType().Name}: {error.Message}");
    return 1;
}

static PciAddress Parse(string text) =>
    PciAddress.TryParse(text, out var address)
        ? address
        : throw new ArgumentException($"'{text}' is not a PCI address");
