/** struct neighbour: what is known of the link address of one next hop. */
export class Neighbour {}
