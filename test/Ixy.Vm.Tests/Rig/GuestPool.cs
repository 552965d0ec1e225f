namespace Ixy.Vm.Tests.Rig;

/// <summary>
/// The running guests, shared by all tests: each machine boots when a test first asks for it. The two that were asked for
/// last stay; a machine that hung or was spoilt boots again.
/// </summary>
public sealed class GuestPool : IDisposable
{
    private const int MostGuests = 2;

    // The one that was asked for last is the last.
    private readonly List<Guest> _guests = [];

    /// <summary>The guest with this hardware. Skips the test, with the reason, where no guest can run.</summary>
    internal Guest Get(GuestMachine machine)
    {
        GuestImage.SkipIfUnavailable();
        if (machine.Devices.Any(device => device.Cable is Cable.Tap or Cable.CardOnSocket)) TapPort.SkipIfUnavailable();
        if (machine.HasCardsOnSockets) GuestImage.SkipWithoutVfioUser();
        foreach (var dead in _guests.Where(guest => !guest.IsAlive).ToList()) End(dead);
        var guest = _guests.Find(guest => guest.Machine == machine);
        if (guest is not null) _guests.Remove(guest);
        else if (_guests.Count == MostGuests) End(_guests[0]);
        guest ??= new(machine);
        _guests.Add(guest);
        return guest;
    }

    /// <summary>Ends a guest that a test has left in a state that others could not use.</summary>
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

/// <summary>All tests that use guests: one after the other, with one pool.</summary>
[CollectionDefinition(Name)]
public sealed class GuestCollection : ICollectionFixture<GuestPool>
{
    internal const string Name = "guests";
}
