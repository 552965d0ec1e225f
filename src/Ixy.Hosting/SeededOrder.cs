namespace Ixy.Hosting;

/// <summary>
/// Random numbers from a seed: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
/// Not <see cref="Random"/>, whose sequence may change between versions of .NET. Not thread-safe.
/// </summary>
/// <param name="seed">The same seed gives the same numbers.</param>
public struct SeededOrder(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 bits.</summary>
    public ulong Next()
    {
        ulong mixed = _state += 0x9E37_79B9_7F4A_7C15;
        mixed = (mixed ^ mixed >> 30) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D0_49BB_1331_11EB;
        return mixed ^ mixed >> 31;
    }

    /// <summary>A number from 0 up to, but not including, <paramref name="bound"/>.</summary>
    public int Next(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>Shuffles the items; every order is equally likely.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (int left = items.Length; left > 1; left--)
        {
            int drawn = Next(left);
            (items[left - 1], items[drawn]) = (items[drawn], items[left - 1]);
        }
    }
}
