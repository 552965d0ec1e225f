using Xunit.Abstractions;
using Xunit.Sdk;

namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// The running guests, shared by all tests: each machine boots when a test first asks for it. The two most recently
/// requested stay; a machine that hung or was left unusable boots again.
/// </summary>
/// <param name="messages">The runner's sink for messages that are not test results.</param>
public sealed class GuestPool(IMessageSink messages) : IDisposable
{
    private const int MostGuests = 2, MostBoots = 3;

    private int _lostTimers;

    // The most recently requested guest comes last.
    private readonly List<Guest> _guests = [];

    /// <summary>The guest with this hardware. Skips the test, with the reason, if no guest can run.</summary>
    internal Guest Get(GuestMachine machine)
    {
        GuestImage.SkipIfUnavailable();
        if (machine.Devices.Any(device => device.Cable == Cable.Tap)) TapPort.SkipIfUnavailable();
        if (machine.HasCardsOnSockets) GuestImage.SkipWithoutVfioUser();
        foreach (var dead in _guests.Where(guest => !guest.IsAlive).ToList()) End(dead);
        var guest = _guests.Find(guest => guest.Machine == machine);
        if (guest is not null) _guests.Remove(guest);
        else if (_guests.Count == MostGuests) End(_guests[0]);
        guest ??= Boot(machine);
        _guests.Add(guest);
        return guest;
    }

    // On a busy host, QEMU's emulated processors occasionally lose their timer for good at boot (seen with 7.2). No
    // test has begun by then, so nothing under test is retried: a boot that fails in any other way is an error at once.
    private Guest Boot(GuestMachine machine)
    {
        for (int boot = 1; ; boot++)
        {
            try
            {
                return new(machine);
            }
            catch (GuestTimerException error) when (boot < MostBoots)
            {
                messages.OnMessage(
                    new DiagnosticMessage(
                    $"BOOT {boot} OF {MostBoots} FAILED ({++_lostTimers} in this run), once more: {error.Message}"));
            }
        }
    }

    /// <summary>Ends a guest that a test left in a state unfit for others.</summary>
    internal void End(Guest guest)
    {
        _guests.Remove(guest);
        guest.Dispose();
    }

    public void Dispose()
    {
        while (_guests.Count > 0) End(_guests[^1]);
    }
}

/// <summary>All tests that use guests: they run one after another and share one pool.</summary>
[CollectionDefinition(Name)]
public sealed class GuestCollection : ICollectionFixture<GuestPool>
{
    internal const string Name = "guests";
}
