using System.Text;
using Ixy.Simulation;
using Ixy.Simulation.Faults;
using Ixy.Vfio;

namespace Ixy.Fuzz.Targets;

/// <summary>
/// A text: either a specifier of a simulated card, which is opened and runs for a while, or a part of specifiers.
/// </summary>
internal static class SpecifierTarget
{
    // Open cards take memory for each queue.
    private const int Longest = 512;

    internal static void Run(byte[] input)
    {
        if (input.Length > Longest) return;
        string text = Encoding.UTF8.GetString(input);
        ReadBack(text);
        foreach (string card in (string[])["ixgbe", "virtio", "virtio-legacy"])
            Try(() => _ = FaultSpecifier.Parse(text, card));
        // The text must not name files on this machine.
        if (!text.Contains("pcap:", StringComparison.Ordinal) && !text.Contains("trace=", StringComparison.Ordinal))
            Try(() => Live(text));
    }

    // What was parsed is formatted, and parsed again.
    private static void ReadBack(string text)
    {
        if (PciAddress.TryParse(text, out var address))
            FuzzException.Require(
                PciAddress.TryParse($"{address}", out var other) && other == address, $"{text} is {address}");
        if (MacAddress.TryParse(text, out var mac))
            FuzzException.Require(MacAddress.TryParse($"{mac}", out var other) && other == mac, $"{text} is {mac}");
        if (PacketRate.TryParse(text, out var rate))
            FuzzException.Require(PacketRate.TryParse($"{rate}", out var other) && other == rate, $"{text} is {rate}");
    }

    private static void Live(string text)
    {
        var world = new VirtualWorld(seed: 1);
        using var card = world.OpenCard(text);
        world.Advance(TimeSpan.FromMicroseconds(50));
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (DeviceSpecifierException)
        {
            // Documented.
        }
    }
}
